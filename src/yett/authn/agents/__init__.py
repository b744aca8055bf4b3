"""What people are told of the browser or program that asks: a name that they know, never its own words."""

from yett.authn.agents.naming import describe_agent

__all__ = ["describe_agent"]
