"""Whether a project's environments can be reached through Bytebase: asked before anything is written, with remedies."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING

from ..bytebase.errors import BytebaseError, ForbiddenError, MissingError
from ..bytebase.inventory import Binding, Database
from ..project.bytebase import BytebaseRoute
from ..project.environment import Environment
from ..terms.errors import SenseiError
from ..terms.exit_codes import ExitCode
from ..terms.json import JsonObject
from .bytebase_way import databases_of, refuse_unfit

if TYPE_CHECKING:
    from ..bytebase.client import Client

NEEDED = {
    "bb.projects.get": "see the project",
    "bb.databases.get": "see the databases",
    "bb.databases.sync": "have their schema read before a check",
    "bb.sheets.create": "store SQL",
    "bb.plans.create": "make plans",
    "bb.plans.get": "see plans",
    "bb.plans.list": "notice other open plans",
    "bb.planCheckRuns.get": "read the checks",
    "bb.planCheckRuns.run": "check again",
    "bb.issues.create": "ask for approval",
    "bb.issues.get": "see the approval",
    "bb.rollouts.get": "see the tasks",
    "bb.taskRuns.create": "run and cancel tasks",
    "bb.taskRuns.list": "read why a task failed",
    "bb.settings.getEnvironment": "read the environments in their order",
}
"""What each call of a rollout needs (read in the server's ACL); making rollouts is not among them: the server does."""


class Grade(StrEnum):
    """How bad a finding is."""

    GOOD = "ok"
    WARNING = "warning"
    BLOCKING = "blocking"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; `remedy` is empty when nothing is to be done."""

    grade: Grade
    about: str
    what: str
    remedy: str = ""

    def to_json(self) -> JsonObject:
        return {"grade": self.grade.value, "about": self.about, "what": self.what, "remedy": self.remedy}


@dataclass(frozen=True, slots=True)
class Readiness:
    """Everything that was found, in the order of the looking."""

    findings: tuple[Finding, ...]
    unreachable: bool = False

    @property
    def code(self) -> ExitCode:
        """7 when a server was not reached, 3 when something blocks."""
        if self.unreachable:
            return ExitCode.UNREACHABLE
        blocked = any(each.grade is Grade.BLOCKING for each in self.findings)
        return ExitCode.DECLINED if blocked else ExitCode.DONE

    def to_json(self) -> JsonObject:
        return {"ready": self.code is ExitCode.DONE, "findings": [each.to_json() for each in self.findings]}


def look(environments: Sequence[Environment], client: "Callable[[Environment], Client]") -> Readiness:
    """Look at every environment that is reached through Bytebase; changes nothing on any server."""
    mapped = [each for each in environments if each.bytebase is not None]
    if not mapped:
        remedy = (
            "Map one in sensei.yaml:\n"
            "    bytebase: {url: https://bytebase.example.com, project: projects/app,\n"
            "               account: sensei@service.bytebase.com, key: BYTEBASE_KEY}\n"
            "    environments:\n"
            "      prod: {url: PROD_DATABASE_URL, protected: true, bytebase: instances/prod-pg/databases/app}"
        )
        return Readiness((Finding(Grade.BLOCKING, "sensei.yaml", "No environment goes through Bytebase.", remedy),))
    findings: list[Finding] = []
    unreachable = False
    servers: dict[int, _Server] = {}
    for environment in mapped:
        try:
            connected = client(environment)
            if id(connected) not in servers:
                servers[id(connected)] = server = _Server(connected)
                findings += server.introduced()
            findings += servers[id(connected)].of(environment)
        except SenseiError as error:
            unreachable = unreachable or error.exit_code is ExitCode.UNREACHABLE
            findings.append(_of_error(environment.name, error))
    for server in servers.values():
        findings += server.in_order()
    return Readiness(tuple(findings), unreachable)


class _Server:
    """One server as one account sees it; what is asked once is kept."""

    def __init__(self, client: "Client") -> None:
        self._client = client
        self._licence = ""
        self._order: tuple[str, ...] | None = None
        self._held: frozenset[str] | None = None
        self._projects: dict[str, tuple[Finding, ...]] = {}
        self._closed: set[str] = set()
        self._places: list[tuple[str, str]] = []
        self._email = ""

    def introduced(self) -> Iterator[Finding]:
        """Who the server is, and who we are to it."""
        server = self._client.server()
        self._email = self._client.me()
        self._licence = self._client.subscription()
        where = self._client.connection.address.url
        yield Finding(Grade.GOOD, where, f"Bytebase {server.version}, licence {self._licence}, as {self._email}")
        if self._licence != "ENTERPRISE":
            yield Finding(
                Grade.WARNING,
                where,
                f"With the licence {self._licence} nobody has to approve anything: the server skips every approval.",
                "Agree on who reads the issue; or have the licence upgraded.",
            )

    def of(self, environment: Environment) -> Iterator[Finding]:
        """The project, its permissions, the databases, the environment there."""
        route = environment.bytebase
        if route is None:
            return
        if route.project not in self._projects:
            self._projects[route.project] = tuple(self._project(route.project))
            yield from self._projects[route.project]
        if route.project in self._closed:
            return  # whether the databases are there cannot be told
        fit = []
        for name, database in self._databases(route):
            try:
                refuse_unfit(database, name, route.project)
            except SenseiError as error:
                yield _of_error(environment.name, error)
            else:
                if database is not None:
                    fit.append(database)
        places = sorted({each.environment for each in fit})
        if len(places) > 1:
            yield Finding(
                Grade.BLOCKING,
                environment.name,
                f"Its databases are in several environments of Bytebase: {', '.join(places)}.",
                "Map each of them to an environment of its own in sensei.yaml.",
            )
        for place in places[:1]:
            self._places.append((environment.name, place))
            yield Finding(Grade.GOOD, environment.name, f"{len(fit)} of its databases found, in {place}")
            yield from self._automatic(environment.name, place)
        if fit:
            yield _backup(environment.name, fit)

    def in_order(self) -> Iterator[Finding]:
        """Whether changes reach the environments in the order in which sensei.yaml has them."""
        try:
            order = self._client.environments()
        except ForbiddenError:
            words = "This account may not read the environments and their order (bb.settings.getEnvironment)."
            remedy = f"Grant {self._email} roles/workspaceMember in the workspace."
            yield Finding(Grade.BLOCKING, "environments", words, remedy)
            return
        except BytebaseError as error:
            yield _of_error("environments", error)
            return
        for name, place in self._places:
            if place not in order:
                remedy = "Restore it there, or give the instance another one: of a deleted environment no task is run."
                yield Finding(Grade.BLOCKING, name, f"{place} is not among the environments of Bytebase.", remedy)
        known = [(name, order.index(place)) for name, place in self._places if place in order]
        for (earlier, first), (later, second) in pairwise(known):
            if first > second:
                yield Finding(
                    Grade.BLOCKING,
                    "environments",
                    f"In sensei.yaml {earlier} comes before {later}; in Bytebase it is the other way round.",
                    "Put them into one order, here or there.",
                )
            elif first == second:
                yield Finding(
                    Grade.WARNING,
                    "environments",
                    f"{earlier} and {later} are the same environment in Bytebase.",
                    "Its rules (approval, automatic rollout) then hold for both.",
                )
        if known:
            shown = ", ".join(each.removeprefix("environments/") for each in order)
            yield Finding(Grade.GOOD, "environments", f"Bytebase rolls out in this order: {shown}")

    def _project(self, name: str) -> Iterator[Finding]:
        self._closed.add(name)
        try:
            project = self._client.project(name)
        except MissingError:
            names = ", ".join(each.name for each in self._client.projects()) or "none"
            yield Finding(
                Grade.BLOCKING, name, "There is no such project.", f"Projects that this account sees: {names}"
            )
            return
        except ForbiddenError:
            remedy = f"Have {self._email} granted roles/projectOwner there, or correct the name in sensei.yaml."
            words = "This account holds no role that shows it this project, or there is none."
            yield Finding(Grade.BLOCKING, name, words, remedy)
            return
        if project.deleted:
            yield Finding(
                Grade.BLOCKING, name, "The project is deleted.", "Restore it in Bytebase, or name another one."
            )
            return
        self._closed.discard(name)
        rules = [
            text
            for given, text in (
                (project.needs_approval, "an approval is required"),
                (project.needs_clean_checks, "checks must be without errors"),
                (project.needs_label, "issues need a label"),
            )
            if given
        ]
        title = f"“{project.title}”" if project.title else "The project"
        yield Finding(Grade.GOOD, name, f"{title} is there" + (f"; {', '.join(rules)}" if rules else ""))
        yield from self._permissions(name)

    def _permissions(self, project: str) -> Iterator[Finding]:
        try:
            roles = self._client.roles()
            workspace = self._client.bindings(self._client.server().workspace)
            own = self._client.bindings(project)
        except ForbiddenError as error:
            words = "What this account may do cannot be read."
            yield Finding(Grade.WARNING, project, f"{words} {error.what}", "Grant it roles/workspaceMember.")
            return
        sure = _roles(self._email, (*workspace, *own), conditional=False)
        maybe = _roles(self._email, (*workspace, *own), conditional=True) - sure
        held = frozenset(permission for role in sure for permission in roles.get(role, ()))
        perhaps = frozenset(permission for role in maybe for permission in roles.get(role, ()))
        lacking = [permission for permission in NEEDED if permission not in held]
        doubtful = [permission for permission in lacking if permission in perhaps]
        certain = [permission for permission in lacking if permission not in perhaps]
        names = ", ".join(sorted(sure)) or "no role"
        if certain:
            listed = "; ".join(f"{permission} ({NEEDED[permission]})" for permission in certain)
            remedy = f"Grant {self._email} {_enough(certain, roles)}."
            yield Finding(Grade.BLOCKING, project, f"With {names} this account lacks: {listed}", remedy)
        else:
            yield Finding(Grade.GOOD, project, f"This account has what it needs ({names})")
        if doubtful:
            words = f"Granted only under a condition: {', '.join(doubtful)}."
            yield Finding(
                Grade.WARNING, project, words, "See that the condition holds: an expired one is a refusal later."
            )

    def _databases(self, route: BytebaseRoute) -> list[tuple[str, Database | None]]:
        names = databases_of(self._client, route)
        found: list[tuple[str, Database | None]] = []
        for name in names:
            try:
                found.append((name, self._client.database(name)))
            except (MissingError, ForbiddenError):
                found.append((name, None))
        return found

    def _automatic(self, name: str, place: str) -> Iterator[Finding]:
        try:
            automatic = self._client.automatic(place)
        except BytebaseError:
            return  # not everybody may read the policy; it shows when a task runs
        if automatic:
            yield Finding(
                Grade.WARNING,
                name,
                f"{place} runs tasks by itself as soon as an issue is approved.",
                "That is fine where nobody watches; otherwise make its rollout manual in Bytebase.",
            )


def _roles(email: str, bindings: Sequence[Binding], *, conditional: bool) -> frozenset[str]:
    kinds = ("user", "serviceAccount", "workloadIdentity")
    members = {f"{kind}:{email}" for kind in kinds} | {"allUsers"}
    return frozenset(
        each.role for each in bindings if members & set(each.members) and (conditional or not each.conditional)
    )


def _enough(lacking: Sequence[str], roles: dict[str, frozenset[str]]) -> str:
    """The predefined roles that bring what is lacking: the smallest that do, the owner otherwise."""
    wanted = set(lacking)
    for names in (
        ("roles/workspaceMember",),
        ("roles/projectReleaser",),
        ("roles/projectDeveloper",),
        ("roles/projectDeveloper", "roles/projectReleaser"),
        ("roles/workspaceMember", "roles/projectDeveloper", "roles/projectReleaser"),
    ):
        if wanted <= {permission for name in names for permission in roles.get(name, ())}:
            return " and ".join(names)
    return "roles/projectOwner, and roles/workspaceMember in the workspace"


def _backup(name: str, databases: Sequence[Database]) -> Finding:
    without = [each.name for each in databases if not each.backup_available]
    if not without:
        return Finding(Grade.GOOD, name, "Changed rows are kept first: prior backup is ready")
    return Finding(
        Grade.WARNING,
        name,
        f"No prior backup of changed rows on {', '.join(without[:3])}.",
        "If you want it: CREATE SCHEMA bbdataarchive in that database, then sync it in Bytebase.",
    )


def _of_error(about: str, error: SenseiError) -> Finding:
    what = f"{error.what} {error.means}".strip()
    return Finding(Grade.BLOCKING, about, what, error.remedy)
