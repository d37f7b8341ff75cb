"""Opening a session: every way in which it can fail is told in words, with the way out and without the password."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from schema_sensei.postgres import identity, session, url
from schema_sensei.postgres.embedded import Embedded
from schema_sensei.postgres.errors import (
    ConnectTimeoutError,
    EncryptionError,
    NotAdmittedError,
    PoolerError,
    ServerDownError,
    StandbyError,
    TooManyConnectionsError,
    UnknownDatabaseError,
    UnknownHostError,
    WrongCredentialsError,
    explain,
)
from schema_sensei.postgres.url import MalformedUrlError
from schema_sensei.terms.errors import UnreachableError
from schema_sensei.terms.exit_codes import ExitCode
from schema_sensei.terms.secrets import Secret
from schema_sensei.terms.targets import TargetLabel

CANARY = "canary p@ss/w%rd"
LABEL = TargetLabel("staging", "db.example", "app")


@pytest.fixture
def login(server: Embedded, database: Secret) -> Iterator[Secret]:
    """The URL of an ordinary user, who needs the canary as password."""
    with session.connect(database) as admin:
        admin.execute(f"CREATE ROLE clerk LOGIN PASSWORD '{CANARY}'".encode())
    address = url.read(database)
    yield url.build(user="clerk", password=CANARY, host=address.host, database=address.database)
    with session.connect(database) as admin:
        admin.execute("DROP OWNED BY clerk")
        admin.execute("DROP ROLE clerk")


def refused(target: Secret, variable: str | None = "STAGING_URL") -> UnreachableError:
    with pytest.raises(UnreachableError) as raised:
        session.connect(target, label=LABEL, variable=variable, connect_timeout=2).close()
    error = raised.value
    assert error.exit_code == ExitCode.UNREACHABLE
    assert "canary" not in str(error)
    assert error.__suppress_context__  # the driver's own error quotes the conninfo
    assert error.where == str(LABEL)
    return error


def test_an_ordinary_user_comes_in_with_the_right_password(login: Secret) -> None:
    with session.connect(login, application_name="sensei test") as connection:
        assert connection.execute("SELECT current_setting('application_name')").fetchone() == ("sensei test",)


def test_a_wrong_password(login: Secret) -> None:
    address = url.read(login)
    wrong = url.build(user="clerk", password="canary-wrong", host=address.host, database=address.database)
    error = refused(wrong)
    assert isinstance(error, WrongCredentialsError)
    assert "clerk" in error.what
    assert "STAGING_URL" in error.remedy


def test_no_password(login: Secret) -> None:
    address = url.read(login)
    error = refused(url.build(user="clerk", host=address.host, database=address.database))
    assert isinstance(error, WrongCredentialsError)
    assert "wants a password for user clerk" in error.what


def test_an_unknown_database(database: Secret) -> None:
    error = refused(url.with_database(database, "nowhere"))
    assert isinstance(error, UnknownDatabaseError)
    assert "createdb nowhere" in error.remedy


def test_a_user_without_connect(login: Secret, database: Secret) -> None:
    name = url.read(database).database
    with session.connect(database) as admin:
        admin.execute(f"REVOKE CONNECT ON DATABASE {name} FROM PUBLIC".encode())
    assert isinstance(refused(login), NotAdmittedError)


def test_a_full_server(login: Secret, database: Secret) -> None:
    with session.connect(database) as admin:
        admin.execute("ALTER ROLE clerk CONNECTION LIMIT 1")
        with session.connect(login):
            assert isinstance(refused(login), TooManyConnectionsError)


def test_nothing_listens() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    error = refused(Secret(f"postgresql://u:canary@127.0.0.1:{port}/app"))
    assert isinstance(error, ServerDownError)
    assert f"127.0.0.1:{port}" in error.what


def test_no_socket(tmp_path: Path) -> None:
    assert isinstance(refused(url.build(user="u", host=str(tmp_path), database="app")), ServerDownError)


def test_an_unknown_host() -> None:
    error = refused(Secret("postgresql://u:canary@db.invalid/app"))
    assert isinstance(error, UnknownHostError)
    assert "db.invalid" in error.what


def test_a_server_that_never_answers() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        error = refused(Secret(f"postgresql://u:canary@127.0.0.1:{silent.getsockname()[1]}/app"))
    assert isinstance(error, ConnectTimeoutError)


def test_encryption_that_the_server_cannot_give(tmp_path: Path) -> None:
    with socket.socket() as plain:
        plain.bind(("127.0.0.1", 0))
        plain.listen()

        def decline() -> None:
            peer, _ = plain.accept()
            with peer:
                peer.recv(8)
                peer.sendall(b"N")  # PostgreSQL's answer to SSLRequest when it has no certificate

        server = threading.Thread(target=decline)
        server.start()
        port = plain.getsockname()[1]
        error = refused(Secret(f"postgresql://u:canary@127.0.0.1:{port}/app?sslmode=require"))
        server.join()
    assert isinstance(error, EncryptionError)


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ('FATAL:  no pg_hba.conf entry for host "10.0.0.1", user "u", database "d", no encryption', EncryptionError),
        ('FATAL:  no pg_hba.conf entry for host "10.0.0.1", user "u", database "d", SSL encryption', NotAdmittedError),
        ("FATAL:  unsupported startup parameter in options: lock_timeout", PoolerError),
        ("FATAL:  Tenant or user not found", WrongCredentialsError),
        ("FATAL:  sorry, too many clients already", TooManyConnectionsError),
        ("FATAL:  the database system is starting up", ServerDownError),
        ("FATAL:  die Katze sitzt auf dem Kabel", UnreachableError),
    ],
)
def test_what_other_servers_say(said: str, kind: type[UnreachableError]) -> None:
    error = explain(said, host="h", place="h", database="d", user="u", source="in X", where="")
    assert type(error) is kind
    assert said in str(error)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("mysql://u:canary@h/d", "PostgreSQL"),
        ("canary", "postgresql://"),
        ("postgresql://u:can@ry@h/d", "%40"),
        ("postgresql://u:canary/x@h/d", "%2F"),
        ("postgresql://u:canary%zz@h/d", "%25"),
        ("postgresql://u:ca nary@h/d", "%20"),
        ("postgresql://u:canary@h:70000/d", "port"),
        ("postgresql://u:canary@[::1/d", "brackets"),
        ("", "postgresql://"),
    ],
)
def test_a_url_that_cannot_be_read_names_its_variable_and_not_itself(text: str, hint: str) -> None:
    with pytest.raises(MalformedUrlError) as raised:
        session.connect(Secret(text), variable="STAGING_URL")
    assert raised.value.exit_code == ExitCode.USAGE
    assert "STAGING_URL" in raised.value.what
    assert hint in str(raised.value)
    assert "canary" not in str(raised.value)
    assert "can@ry" not in str(raised.value)


def test_an_option_that_libpq_does_not_know(database: Secret) -> None:
    error = refused(Secret(f"{database.reveal()}&pool_size=5"))
    assert "option" in error.what


def test_settings_travel_with_the_connection(database: Secret) -> None:
    with session.connect(
        Secret(f"{database.reveal()}&options=-c%20work_mem%3D5MB"),
        read_only=True,
        lock_timeout_ms=1500,
        statement_timeout_ms=2500,
    ) as connection:
        shown = {
            name: connection.execute(f"SHOW {name}".encode()).fetchone()
            for name in ("lock_timeout", "statement_timeout", "default_transaction_read_only", "work_mem")
        }
    assert shown == {
        "lock_timeout": ("1500ms",),
        "statement_timeout": ("2500ms",),
        "default_transaction_read_only": ("on",),
        "work_mem": ("5MB",),
    }


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg", "postgresql+psycopg2"])
def test_sqlalchemys_urls_are_accepted(database: Secret, scheme: str) -> None:
    text = database.reveal().replace("postgresql:", f"{scheme}:")
    with session.connect(Secret(text)) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_standby_is_refused(open_directory: Path, database: Secret) -> None:
    with session.connect(database) as primary:
        session.refuse_standby(primary)
    own = Embedded(open_directory / "pg")
    with own:
        pass
    (own.place / "data" / "standby.signal").touch()
    with own, session.connect(own.url()) as connection:
        assert identity.read(connection).in_recovery
        with pytest.raises(StandbyError) as raised:
            session.refuse_standby(connection, label=LABEL)
    assert raised.value.where == str(LABEL)


class TestIdentity:
    def test_two_logins_reach_the_same_database(self, login: Secret, database: Secret) -> None:
        with session.connect(login) as clerk, session.connect(database) as admin:
            one, two = identity.read(clerk), identity.read(admin)
        assert one.key == two.key
        assert one.user == "clerk"
        assert not one.is_superuser
        assert not one.can_create_databases
        assert two.is_superuser
        assert two.version.startswith("18.")

    def test_two_databases_of_one_server_differ(self, server: Embedded, database: Secret) -> None:
        with session.connect(server.url()) as one, session.connect(database) as two:
            assert identity.read(one).key != identity.read(two).key

    def test_a_server_that_keeps_its_identifier_to_itself(self, login: Secret, database: Secret) -> None:
        with session.connect(database) as admin:
            admin.execute("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC")
        with session.connect(login) as one, session.connect(login) as two:
            assert not identity.read(one).certain
            assert identity.read(one).key == identity.read(two).key

    def test_reading_it_leaves_an_open_transaction_alone(self, database: Secret) -> None:
        with session.connect(database, autocommit=False) as connection:
            connection.execute("CREATE TABLE mine (id int)")
            identity.read(connection)
            connection.rollback()
            assert connection.execute("SELECT to_regclass('mine')").fetchone() == (None,)


class TestAddress:
    @pytest.mark.parametrize(
        ("text", "shown", "database", "user"),
        [
            ("postgresql://u:p@h/d", "h", "d", "u"),
            ("postgresql://u:p@h:5433/d", "h:5433", "d", "u"),
            ("postgresql://u:p%40x@[::1]:5432/d?sslmode=require", "::1", "d", "u"),
            ("postgresql://u@/d?host=/run/x", "localhost", "d", "u"),
            ("postgresql://u@h1:5432,h2:5433/d", "h1,h2", "d", "u"),
            ("postgresql:///d", "localhost", "d", "env"),
            ("postgresql://h", "h", "env", "env"),
            ("postgresql+asyncpg://u:p@h/a%20b?ssl=require", "h", "a b", "u"),
        ],
    )
    def test_where_a_url_leads(self, text: str, shown: str, database: str, user: str) -> None:
        address = url.read(Secret(text), environ={"PGUSER": "env"})
        assert (address.shown_host, address.database, address.user) == (shown, database, user)

    def test_asyncpgs_ssl_becomes_libpqs(self) -> None:
        assert url.for_libpq(Secret("postgresql+asyncpg://u@h/d?ssl=require")) == "postgresql://u@h/d?sslmode=require"

    def test_another_database_of_the_same_server(self) -> None:
        moved = url.with_database(Secret("postgresql://u:p@h:5433/d?sslmode=require"), "x y")
        assert moved.reveal() == "postgresql://u:p@h:5433/x%20y?sslmode=require"
