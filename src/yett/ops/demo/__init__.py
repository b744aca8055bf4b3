"""The demo: a configuration, two people and a small application, made in a folder and kept there.

`folder` makes the files, `application` is what stands behind the gateway.
"""

from yett.ops.demo.application import DemoApplication
from yett.ops.demo.folder import APPLICATION_HOST, DemoFolder, prepare

__all__ = ["APPLICATION_HOST", "DemoApplication", "DemoFolder", "prepare"]
