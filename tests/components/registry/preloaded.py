"""Imported once by the forkserver: what every process of a test would otherwise import and configure for seconds."""

import dvc.config
import dvc.repo  # noqa: F401
import mlflow.store.model_registry.sqlalchemy_store
import mlflow.store.tracking.sqlalchemy_store  # noqa: F401
import sqlalchemy.orm

import components.registry.examining
import components.registry.reconciling
import components.registry.registration  # noqa: F401

sqlalchemy.orm.configure_mappers()
