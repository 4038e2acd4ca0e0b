"""Half-open intervals and a booking calendar."""

from intervals.calendar import Booking, Calendar, Conflict
from intervals.span import Span, span
from intervals.spanset import SpanSet

__all__ = ["Booking", "Calendar", "Conflict", "Span", "SpanSet", "span"]
