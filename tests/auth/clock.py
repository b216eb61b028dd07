"""A clock that a test turns."""


class Clock:
    def __init__(self, now: float = 1_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def us(self) -> int:
        return int(self.now * 1_000_000)

    def turn(self, seconds: float) -> None:
        self.now += seconds
