"""What modules keep about a person: authenticators, certificates, preferences.

A datum is a map, found by module and user. `backend` keeps it among the records, `service` is
what modules talk to.
"""

from yett.store.moduledata.backend import Datum, ModuleDataDamaged
from yett.store.moduledata.service import PREFERENCES, ModuleData

__all__ = ["PREFERENCES", "Datum", "ModuleData", "ModuleDataDamaged"]
