"""`Action`: what the journal may say that happened."""

from enum import StrEnum


class Action(StrEnum):
    """What can happen to a search, and to people."""

    SUBMITTED = "submitted"
    STARTED = "started"  # claimed for the first time
    CLAIMED = "claimed"  # claimed again, after a lease was lost, given back or resumed
    REQUEUED = "requeued"  # its driver gave it back or fell silent
    RESIZED = "resized"
    CHANGED = "changed"  # labels, notes or priority
    PAUSE_REQUESTED = "pause-requested"
    PAUSED = "paused"
    RESUMED = "resumed"
    CANCEL_REQUESTED = "cancel-requested"
    CANCELLED = "cancelled"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    ARTIFACTS_DELETED = "artifacts-deleted"
    DELETED = "deleted"
    KEY_CREATED = "key-created"
    KEY_REVOKED = "key-revoked"
    QUOTA_SET = "quota-set"
    WEBHOOK_CREATED = "webhook-created"
    WEBHOOK_DELETED = "webhook-deleted"

    @property
    def of_searches(self) -> bool:
        """It happens to a search, not to people or their webhooks."""
        return not self.startswith(("key-", "quota-", "webhook-"))


ENDS = frozenset({Action.SUCCEEDED, Action.FAILED, Action.CANCELLED})
"""How a search ends; nothing is measured for it later."""
