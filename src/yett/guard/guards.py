"""All guards of a gateway: made from its settings, started, stopped and changed together."""

from yett.config import Snapshot
from yett.guard.cors import CORS, CORSSettings
from yett.guard.door import Door
from yett.guard.geo import GeoGuard, GeoSettings
from yett.guard.pow import PowGuard, PowSettings
from yett.guard.rate import RateGuard, RateSettings
from yett.guard.rate.model import Identify
from yett.guard.rehearsal import Rehearsal
from yett.guard.size import SizeGuard, SizeSettings
from yett.guard.time import TimeGuard, TimeSettings
from yett.kernel import Clock, Supervisor
from yett.keys import MasterKey
from yett.store import Records


class Guards:
    """The guards, and the door they stand at."""

    def __init__(
        self,
        records: Records,
        snapshot: Snapshot,
        clock: Clock,
        tasks: Supervisor,
        *,
        identify: Identify,
        master: MasterKey,
    ) -> None:
        self.rate = RateGuard(records, snapshot[RateSettings], clock, tasks, identify=identify)
        self._size = SizeGuard(snapshot[SizeSettings])
        self._geo = GeoGuard(snapshot[GeoSettings], tasks)
        self._time = TimeGuard(snapshot[TimeSettings])
        self._cors = CORS(snapshot[CORSSettings])
        self._pow = PowGuard(
            records,
            snapshot[PowSettings],
            clock,
            master,
            is_signed_in=lambda request: identify(request) is not None,
        )
        door = Door(
            clock,
            cors=self._cors,
            geo=self._geo,
            time=self._time,
            rate=self.rate,
            size=self._size,
            work=self._pow,
        )
        self.door = door
        self.rehearsal = Rehearsal(
            door,
            cors=self._cors,
            geo=self._geo,
            time=self._time,
            rate=self.rate,
            size=self._size,
            work=self._pow,
        )

    async def start(self) -> None:
        """Read lists and databases; each guard says how it is set."""
        await self._geo.start()
        await self._time.start()
        await self.rate.start()
        await self._size.start()
        await self._pow.start()
        self.door.refresh()

    async def stop(self) -> None:
        await self.rate.stop()
        await self._time.stop()
        await self._geo.stop()

    async def apply(self, snapshot: Snapshot) -> None:
        """Check by other settings from the next request on."""
        await self._geo.apply(snapshot[GeoSettings])
        self._time.apply(snapshot[TimeSettings])
        self.rate.apply(snapshot[RateSettings])
        self._size.apply(snapshot[SizeSettings])
        self._cors.apply(snapshot[CORSSettings])
        self._pow.apply(snapshot[PowSettings])
        self.door.refresh()
