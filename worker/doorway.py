"""What the doors need of the database library, so that they need not know it."""

from sqlalchemy.exc import InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as NoFreeConnection
from sqlalchemy.orm import Session

__all__ = ["DATABASE_AWAY", "Session"]

# Nobody answers, the connection broke, the file is locked or no schema is in it: all may pass by themselves. So may
# what psycopg calls an internal error: the server ended a silent transaction, or has just become read-only.
DATABASE_AWAY: tuple[type[Exception], ...] = (OperationalError, InterfaceError, InternalError, NoFreeConnection)
