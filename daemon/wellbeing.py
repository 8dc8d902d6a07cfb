"""How the daemon is: ready or why not, degraded or not (`daemon.control.ports.Health`)."""

from collections.abc import Callable

from attrs import define, field


@define(eq=False)
class Wellbeing:
    """Collected from those who know; asked by `/readyz`, `/healthz` and the status line."""

    not_ready: dict[str, str] = field(factory=dict)
    troubles: dict[str, str] = field(factory=dict)
    parked: Callable[[], int] = lambda: 0  # for a file that cannot be written
    pressed: Callable[[], int] = lambda: 0  # because more came than could be taken in
    tenants: Callable[[], tuple[int, int]] = lambda: (0, 0)
    without_credentials: Callable[[], list[str]] = list

    def wait_for(self, what: str, sentence: str) -> None:
        """Not ready until `done(what)`."""
        self.not_ready[what] = sentence

    def done(self, what: str) -> None:
        """What was waited for has happened."""
        self.not_ready.pop(what, None)

    def trouble(self, what: str, sentence: str) -> None:
        """Something is wrong though we run on; an empty sentence takes it back."""
        if sentence:
            self.troubles[what] = sentence
        else:
            self.troubles.pop(what, None)

    def ready(self) -> tuple[bool, list[str]]:
        """Ready or not, and why not."""
        return not self.not_ready, list(self.not_ready.values())

    def degraded(self) -> list[str]:
        """What is wrong though we run on."""
        found = list(self.troubles.values())
        if parked := self.parked():
            are = "delivery is" if parked == 1 else "deliveries are"
            found.append(f"{parked} {are} parked until the file of their dealership can be written")
        if pressed := self.pressed():
            wait = "delivery waits" if pressed == 1 else "deliveries wait"
            found.append(f"{pressed} {wait} in central: more come than this machine takes in at once")
        up, all_of_them = self.tenants()
        if up < all_of_them:
            found.append(f"{all_of_them - up} of {all_of_them} tenants are not running; see /v1/tasks")
        if needed := self.without_credentials():
            named = ", ".join(needed[:5]) + (" …" if len(needed) > 5 else "")
            found.append(f"{named}: the access token cannot be used; start with the right master key, or set it anew")
        return found

    def status(self) -> str:
        """One line for the service manager."""
        up, all_of_them = self.tenants()
        troubles = "; ".join(self.troubles.values())
        return f"{up} of {all_of_them} tenants up" + (f"; {troubles}" if troubles else "")
