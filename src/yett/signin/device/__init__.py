"""`/device`: where people type the code that a device shows them, see what it asks for, and decide.

Read `routes`; what is decided, and what becomes of it, is in `authn.device_code`.
"""

from yett.signin.device.routes import PAGE, DeviceStep

__all__ = ["PAGE", "DeviceStep"]
