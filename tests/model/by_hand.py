"""A reconciler of a host whose passes a test makes."""

from osken_apps.apps.reconcile import HostReconciler


class ByHand(HostReconciler):
    """A reconciler that makes a pass when the test says so."""

    def run(self) -> None:
        """Do nothing by itself."""
