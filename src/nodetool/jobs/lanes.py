"""Who is next: users take turns, and each user's jobs go in their order."""

from collections import OrderedDict, deque
from collections.abc import Iterator
from typing import Generic, Protocol, TypeVar


class Owned(Protocol):
    """What waits for its turn."""

    @property
    def user(self) -> str: ...


T = TypeVar("T", bound=Owned)


class Lane(Generic[T]):
    """A queue in which nobody waits behind all that another user has put there; with one user it is a plain one.

    Whoever had a turn goes behind the others, and who comes anew behind those who are there. So between two turns of a
    user every other one has at most one.
    """

    def __init__(self) -> None:
        self._waiting: OrderedDict[str, deque[T]] = OrderedDict()
        """By user, in the order of their turns. Nobody is in it without a job."""
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[T]:
        return (one for queue in self._waiting.values() for one in queue)

    def __contains__(self, one: T) -> bool:
        return one in self._waiting.get(one.user, ())

    @property
    def first(self) -> T:
        """What ``popleft`` returns next."""
        return next(iter(self._waiting.values()))[0]

    def append(self, one: T) -> None:
        """Put *one* behind what its user has here."""
        self._waiting.setdefault(one.user, deque()).append(one)
        self._count += 1

    def popleft(self) -> T:
        """Take the first, and let its user go behind the others."""
        user, queue = next(iter(self._waiting.items()))
        one = queue.popleft()
        self._count -= 1
        if queue:
            self._waiting.move_to_end(user)
        else:
            del self._waiting[user]
        return one

    def remove(self, one: T) -> None:
        """Take *one* out, wherever it is. Raises ValueError: it is not there."""
        queue = self._waiting.get(one.user, deque())
        queue.remove(one)
        self._count -= 1
        if not queue:
            del self._waiting[one.user]
