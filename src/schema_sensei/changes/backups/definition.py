"""The SQL that makes a table again, empty, with all that belongs to it: pg_dump's, one text for each object."""

import subprocess
import tempfile
from pathlib import Path

from ...postgres import client_programs, session
from ...terms.secrets import Secret
from . import archive
from .contents import shapes
from .errors import BackupError


def definition(url: Secret, schema: str, name: str) -> tuple[str, ...]:
    """The statements for a table and its partitions, in order, without owners; empty when it is not there.

    Raises MissingProgramsError, BackupError, and the errors of connect.
    """
    with session.connect(url, application_name="sensei look", read_only=True) as connection:
        found = connection.execute(_TREE, (schema, name)).fetchall()
        tables = shapes(connection, [int(oid) for (oid,) in found])
        programs = client_programs.find(connection.info.server_version)
    if not tables:
        return ()
    with tempfile.TemporaryDirectory(prefix="sensei-definition-") as folder:
        # The whole schema: pg_dump of a table alone leaves its statistics out.
        file = Path(folder) / "schema.dump"
        command = [programs.pg_dump, "--schema-only", "--format=custom", "--no-password", f"--file={file}"]
        done = subprocess.run(
            command, env=client_programs.environment(url, application_name="sensei look"),
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise BackupError(
                f"The definition of {schema}.{name} cannot be read.",
                means=f"pg_dump said: {session.masked(done.stderr, url).strip()[-300:]}",
                remedy="Use a login that may read the schema.",
            )
        chosen = archive.belonging(archive.items(programs, file), tables)
        return tuple(archive.statements(programs, file, [each], ["--no-owner"]) for each in chosen)


_TREE = """
SELECT t.relid::oid::bigint FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 CROSS JOIN LATERAL (SELECT c.oid AS relid UNION SELECT relid FROM pg_catalog.pg_partition_tree(c.oid)) t
 WHERE c.relkind IN ('r', 'p') AND n.nspname = %s AND c.relname = %s
"""
