"""Device codes (RFC 8628): a device that cannot show a sign-in page is confirmed in a browser elsewhere.

Read `model`, then `rules` (every decision, without I/O), `shelf` (how codes are kept), `issuing` (giving
them out), `pace` (how often a device may ask) and `service`, which joins them. Who may ask for codes,
and what a device gets in the end, is each consumer's own affair: it joins under a kind of its own.
"""

from yett.authn.device_code.config import DeviceCodeSettings
from yett.authn.device_code.model import (
    Approval,
    Codes,
    Completed,
    Consumer,
    Declined,
    DeviceCode,
    Granted,
    NotIssued,
    NotMade,
    Offer,
    Origin,
    Polled,
    Question,
    Reason,
    Status,
)
from yett.authn.device_code.rules import GRANT_TYPE
from yett.authn.device_code.service import DeviceCodes

__all__ = [
    "GRANT_TYPE",
    "Approval",
    "Codes",
    "Completed",
    "Consumer",
    "Declined",
    "DeviceCode",
    "DeviceCodeSettings",
    "DeviceCodes",
    "Granted",
    "NotIssued",
    "NotMade",
    "Offer",
    "Origin",
    "Polled",
    "Question",
    "Reason",
    "Status",
]
