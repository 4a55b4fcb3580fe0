"""notifications.yaml: who is told what; Prefect's own blocks and automations tell it."""

import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit
from uuid import UUID

from prefect.blocks.notifications import CustomWebhookNotificationBlock, NotificationBlock, SlackWebhook
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import BlockDocument
from prefect.events.actions import SendNotification
from prefect.events.schemas.automations import AutomationCore, EventTrigger
from pydantic import Field, SecretStr, model_validator

from flows.deploying.automations import NOWHERE, TAG
from flows.deploying.changes import Change, differing
from flows.deploying.file import Part, PrefectFile, read_checked
from flows.deploying.messages import MESSAGES, Message, Subject
from flows.errors import BadDeployFile

FILE_NAME: Final = "notifications.yaml"
_PREFIX: Final = "fusar-"
_STAGE: Final = "run_stage"  # its retrain fails with it and says why
_FREQUENT: Final = {"watch"}  # starts every few minutes: while a remote is away, all of its runs fail
_QUIET: Final = timedelta(hours=6)
_KINDS: Final = ("custom-webhook", "slack-webhook")
ChannelName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=40)]


class Channel(Part):
    """A way to reach people: the environment variable that holds its address, which is a secret.

    Attributes:
        webhook: variable with an address that takes `{"text": ...}` by POST (Slack, Mattermost, one of your own).
        apprise: variable with an address of Apprise, for mail and a hundred services (`mailtos://user:...`).
    """

    webhook: str | None = None
    apprise: str | None = None

    @model_validator(mode="after")
    def _is_one(self) -> "Channel":
        if (self.webhook is None) == (self.apprise is None):
            raise ValueError("either webhook or apprise, with the name of an environment variable")
        return self


class Notifications(Part):
    """All of notifications.yaml.

    Attributes:
        channels: by name.
        tell: channels that are told of each subject.
    """

    channels: dict[ChannelName, Channel] = Field(default_factory=dict)
    tell: dict[Subject, tuple[str, ...]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _are_known(self) -> "Notifications":
        unknown = sorted({name for names in self.tell.values() for name in names} - set(self.channels))
        if unknown:
            raise ValueError(f"tell: no channel is called {', '.join(unknown)}")
        return self


def read_notifications(root: Path) -> Notifications:
    """The content of notifications.yaml; nobody is told where there is none.

    Raises:
        BadDeployFile: a word in it is unknown or has a wrong value.
    """
    file = root / FILE_NAME
    return read_checked(file, Notifications) if file.exists() else Notifications()


def block_changes(client: SyncPrefectClient, notifications: Notifications) -> Iterator[Change]:
    """Blocks that are missing, differ, or are of no channel any more.

    Raises:
        BadDeployFile: the variable of a channel is not set, or Prefect refuses its address.
    """
    there = _documents(client)
    for name, channel in notifications.channels.items():
        block, found = _block(name, channel), there.pop((_slug(channel), _PREFIX + name), None)
        make = partial(block.save, _PREFIX + name, overwrite=True)
        wanted = block.model_dump(mode="json", context={"include_secrets": True}, include=set(type(block).model_fields))
        fields = differing(wanted, found.data) if found else ()
        if found is None:
            yield Change("block", _PREFIX + name, "make", (), make)
        elif fields:
            yield Change("block", _PREFIX + name, "change", fields, make)
    for (_, name), document in there.items():
        yield Change("block", name, "remove", (), partial(client.delete_block_document, document.id))


def telling_automations(
    client: SyncPrefectClient, file: PrefectFile, notifications: Notifications
) -> Iterator[AutomationCore]:
    """One automation for each subject of which anybody is told."""
    there = _documents(client)
    flows = {deployment.entrypoint.rsplit(".", 1)[1] for deployment in file.deployments} - {_STAGE}
    for subject, names in notifications.tell.items():
        keys = [(_slug(notifications.channels[name]), _PREFIX + name) for name in names]
        ids: list[UUID] = [there[key].id if key in there else NOWHERE for key in keys]
        if ids and MESSAGES[subject].of_flows:
            often = flows & _FREQUENT
            yield _telling(f"tell {subject}", MESSAGES[subject].trigger(sorted(flows - often)), MESSAGES[subject], ids)
            trigger = MESSAGES[subject].trigger(sorted(often), _QUIET)
            yield _telling(f"tell {subject} of {', '.join(sorted(often))}", trigger, MESSAGES[subject], ids)
        elif ids:
            yield _telling(f"tell {subject}", MESSAGES[subject].trigger(()), MESSAGES[subject], ids)


def _telling(name: str, trigger: EventTrigger, message: Message, blocks: Sequence[UUID]) -> AutomationCore:
    actions = [
        SendNotification(block_document_id=block, subject=message.subject, body=message.body) for block in blocks
    ]
    return AutomationCore(name=name, description=f"Of {FILE_NAME}.", tags=[TAG], trigger=trigger, actions=actions)


def _documents(client: SyncPrefectClient) -> dict[tuple[str, str], BlockDocument]:
    found = [(slug, document) for slug in _KINDS for document in client.read_block_documents_by_type(slug)]
    return {(slug, str(document.name)): document for slug, document in found if str(document.name).startswith(_PREFIX)}


def _slug(channel: Channel) -> str:
    return _KINDS[0] if channel.webhook else _KINDS[1]


def _block(name: str, channel: Channel) -> NotificationBlock:
    variable = channel.webhook or channel.apprise or ""
    address = os.environ.get(variable, "").strip()
    if not address:
        raise BadDeployFile(FILE_NAME, f"channels.{name}: the environment variable {variable} is not set")
    if channel.webhook:
        return _webhook(name, address)
    # Prefect has a block for SendGrid and none for a mail server; its Slack block hands an address that is not Slack's
    # to Apprise, which speaks SMTP. Plain text: the error of a stage may hold anything.
    is_mail = urlsplit(address).scheme in ("mailto", "mailtos")
    plain = f"{address}{'&' if '?' in address else '?'}format=text" if is_mail else address
    return SlackWebhook(url=SecretStr(plain))


def _webhook(name: str, address: str) -> NotificationBlock:
    values: Mapping[str, object] = {
        "name": name,
        "url": "{{address}}",
        "json_data": {"text": "{{subject}}\n{{body}}"},
        "secrets": {"address": address},
    }
    return CustomWebhookNotificationBlock.model_validate(values)
