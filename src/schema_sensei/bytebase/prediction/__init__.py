"""What a Bytebase server will run of a sheet: in which order, in which transaction, how often; and where that is wrong.

The server sorts statements by regular expressions over their whole text, comments and literals included. The rules
here were read in the source of its 3.22 line (2026-08-22) and agree with what such a server was seen to do; each module
names the file of the server it models.
"""

from .model import Execution, Finding, Prediction
from .predict import predict

__all__ = ["Execution", "Finding", "Prediction", "predict"]
