"""The section [cluster]."""

import dataclasses
from pathlib import Path

from yett.config import catalogue
from yett.store import ClusterSettings, Sync


def test_records_are_kept_and_survive_a_power_cut_unless_asked_otherwise():
    settings = ClusterSettings()

    assert settings.directory == Path("/var/lib/yett")
    assert settings.is_kept
    assert settings.sync is Sync.FULL


def test_an_empty_path_means_no_directory():
    for path in (None, Path(), Path()):
        assert ClusterSettings(cluster_path=path).directory is None
        assert not ClusterSettings(cluster_path=path).is_kept


def test_without_persistence_the_directory_is_still_there_for_keys(tmp_path):
    settings = ClusterSettings(cluster_path=tmp_path, persistence=False)

    assert settings.directory == tmp_path
    assert not settings.is_kept


def test_the_cluster_key_is_secret_and_the_section_is_catalogued():
    secrets = {
        field.name for field in dataclasses.fields(ClusterSettings) if field.metadata["setting"].secret
    }

    assert secrets == {"cluster_key"}
    assert catalogue.sections["cluster"].model is ClusterSettings
