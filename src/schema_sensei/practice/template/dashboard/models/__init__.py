"""Every table of the dashboard. A new module is imported here, or the migrations do not see its tables."""

from .activities import Activity, ActivityStatus, ActivityType, Attachment, Comment
from .assessments import Assessment, AssessmentAnswer, AssessmentItem
from .base import Base
from .messages import AuditEvent, Notification
from .people import Account, Membership, Profile, Role
from .workplaces import Schedule, Workplace

metadata = Base.metadata

__all__ = [
    "Account",
    "Activity",
    "ActivityStatus",
    "ActivityType",
    "Assessment",
    "AssessmentAnswer",
    "AssessmentItem",
    "Attachment",
    "AuditEvent",
    "Base",
    "Comment",
    "Membership",
    "Notification",
    "Profile",
    "Role",
    "Schedule",
    "Workplace",
    "metadata",
]
