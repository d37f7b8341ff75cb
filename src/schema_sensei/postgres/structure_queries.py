"""The catalog queries behind `structure`; `schemas` is their parameter.

@nulls@ stands for how this server says NULLS NOT DISTINCT, which servers before 15 do not know.
"""

_NOT_OF_EXTENSION = """NOT EXISTS (SELECT FROM pg_catalog.pg_depend e WHERE e.objid = {oid} AND e.deptype = 'e'
       AND e.classid = 'pg_catalog.{catalog}'::pg_catalog.regclass)"""
_TABLE = f"""pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   AND n.nspname = ANY (%(schemas)s::text[]) AND c.relkind IN ('r', 'p') AND NOT c.relispartition
   AND c.relpersistence <> 't' AND {_NOT_OF_EXTENSION.format(oid="c.oid", catalog="pg_class")}"""
_TYPE = """pg_catalog.format_type({type}, {mod}) AS type_text, tn.nspname::text AS type_schema,
       coalesce(el.typname, t.typname)::text AS type_name, coalesce(el.typtype, t.typtype)::text AS type_kind,
       el.oid IS NOT NULL AS type_array"""
_TYPE_JOIN = """JOIN pg_catalog.pg_type t ON t.oid = {type}
  LEFT JOIN pg_catalog.pg_type el ON el.oid = t.typelem AND t.typcategory = 'A' AND t.typlen = -1
  JOIN pg_catalog.pg_namespace tn ON tn.oid = coalesce(el.typnamespace, t.typnamespace)"""
_NUMBERS = """pg_catalog.format_type(s.seqtypid, NULL) AS seq_type, s.seqstart AS seq_start,
       s.seqincrement AS seq_increment, s.seqmin AS seq_minimum, s.seqmax AS seq_maximum, s.seqcache AS seq_cache,
       s.seqcycle AS seq_cycle"""
# One element of an index with what differs from the defaults of its column and type.
_ELEMENT = """pg_catalog.pg_get_indexdef(x.indexrelid, k.place::int, false)
         || CASE WHEN x.indcollation[k.place - 1] <> 0 AND x.indcollation[k.place - 1] IS DISTINCT FROM coalesce(
                 (SELECT a.attcollation FROM pg_catalog.pg_attribute a
                   WHERE a.attrelid = x.indrelid AND a.attnum = k.number AND k.number > 0), 100)
            THEN ' COLLATE ' || x.indcollation[k.place - 1]::pg_catalog.regcollation::text ELSE '' END
         || CASE WHEN o.opcdefault THEN '' ELSE ' ' || pg_catalog.quote_ident(opn.nspname) || '.'
                 || pg_catalog.quote_ident(o.opcname) END
         || CASE x.indoption[k.place - 1] WHEN 1 THEN ' DESC NULLS LAST' WHEN 2 THEN ' NULLS FIRST' WHEN 3 THEN ' DESC'
                 ELSE '' END"""
_ELEMENT_JOIN = """pg_catalog.unnest(x.indkey) WITH ORDINALITY AS k(number, place)
          JOIN pg_catalog.pg_opclass o ON o.oid = x.indclass[k.place - 1]
          JOIN pg_catalog.pg_namespace opn ON opn.oid = o.opcnamespace"""

TABLES = f"""
SELECT c.oid, n.nspname::text AS schema, c.relname::text AS name, c.relpersistence = 'u' AS unlogged,
       coalesce(c.reloptions, '{{}}') AS options,
       CASE WHEN c.relkind = 'p' THEN pg_catalog.pg_get_partkeydef(c.oid) ELSE '' END AS partition_by,
       coalesce(pg_catalog.obj_description(c.oid, 'pg_class'), '') AS comment
  FROM {_TABLE} ORDER BY 2, 3
"""
COLUMNS = f"""
SELECT c.oid, a.attname::text AS name, {_TYPE.format(type="a.atttypid", mod="a.atttypmod")}, a.attnotnull AS not_null,
       pg_catalog.pg_get_expr(d.adbin, d.adrelid) AS default, a.attidentity::text AS identity,
       a.attgenerated::text AS generated,
       CASE WHEN a.attcollation <> t.typcollation THEN a.attcollation::pg_catalog.regcollation::text END AS collation,
       pg_catalog.col_description(c.oid, a.attnum) AS comment, w.objid::pg_catalog.regclass::text AS sequence,
       {_NUMBERS}
  FROM {_TABLE}
  JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  {_TYPE_JOIN.format(type="a.atttypid")}
  LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
  LEFT JOIN pg_catalog.pg_depend w ON w.refobjid = c.oid AND w.refobjsubid = a.attnum AND w.deptype IN ('a', 'i')
        AND w.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
        AND w.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
        AND EXISTS (SELECT FROM pg_catalog.pg_class q WHERE q.oid = w.objid AND q.relkind = 'S')
  LEFT JOIN pg_catalog.pg_sequence s ON s.seqrelid = w.objid
 ORDER BY c.oid, a.attnum
"""
CONSTRAINTS = f"""
SELECT c.oid, k.conname::text AS name, k.contype::text AS kind,
       ARRAY(SELECT a.attname::text FROM pg_catalog.unnest(k.conkey) WITH ORDINALITY AS u(number, place)
               JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = u.number ORDER BY u.place)
         AS columns,
       CASE WHEN k.contype = 'c' THEN pg_catalog.pg_get_expr(k.conbin, k.conrelid) ELSE '' END AS definition,
       fn.nspname::text AS target_schema, f.relname::text AS target_table,
       ARRAY(SELECT a.attname::text FROM pg_catalog.unnest(k.confkey) WITH ORDINALITY AS u(number, place)
               JOIN pg_catalog.pg_attribute a ON a.attrelid = f.oid AND a.attnum = u.number ORDER BY u.place)
         AS target_columns,
       CASE k.confdeltype WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' WHEN 'd' THEN 'SET DEFAULT'
            WHEN 'r' THEN 'RESTRICT' ELSE '' END
         || coalesce(pg_catalog.substring(pg_catalog.pg_get_constraintdef(k.oid),
                     'ON DELETE SET (?:NULL|DEFAULT)( \\(.*?\\))'), '') AS on_delete,
       CASE k.confupdtype WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' WHEN 'd' THEN 'SET DEFAULT'
            WHEN 'r' THEN 'RESTRICT' ELSE '' END AS on_update,
       CASE k.confmatchtype WHEN 'f' THEN 'FULL' ELSE '' END AS match,
       k.condeferrable AS deferrable, k.condeferred AS deferred, k.convalidated AS valid, k.connoinherit AS no_inherit,
       coalesce(@nulls@, false) AS nulls_not_distinct,
       ARRAY(SELECT a.attname::text FROM pg_catalog.unnest(x.indkey) WITH ORDINALITY AS u(number, place)
               JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = u.number
              WHERE u.place > x.indnkeyatts ORDER BY u.place) AS include,
       coalesce(am.amname::text, '') AS using,
       CASE WHEN k.contype = 'x' THEN pg_catalog.pg_get_expr(x.indpred, x.indrelid) END AS where,
       CASE WHEN k.contype = 'x' THEN ARRAY(SELECT {_ELEMENT} FROM {_ELEMENT_JOIN} ORDER BY k.place) END
         AS element_texts,
       CASE WHEN k.contype = 'x' THEN ARRAY(SELECT op.oprname::text
              FROM pg_catalog.unnest(k.conexclop) WITH ORDINALITY AS u(oid, place)
              JOIN pg_catalog.pg_operator op ON op.oid = u.oid ORDER BY u.place) END AS operators,
       pg_catalog.obj_description(k.oid, 'pg_constraint') AS comment
  FROM {_TABLE}
  JOIN pg_catalog.pg_constraint k ON k.conrelid = c.oid AND k.contype IN ('p', 'u', 'f', 'c', 'x')
  LEFT JOIN pg_catalog.pg_class f ON f.oid = k.confrelid
  LEFT JOIN pg_catalog.pg_namespace fn ON fn.oid = f.relnamespace
  LEFT JOIN pg_catalog.pg_index x ON x.indexrelid = k.conindid AND k.contype IN ('p', 'u', 'x')
  LEFT JOIN pg_catalog.pg_class ic ON ic.oid = x.indexrelid
  LEFT JOIN pg_catalog.pg_am am ON am.oid = ic.relam
 WHERE k.conparentid = 0
 ORDER BY c.oid, pg_catalog.array_position(ARRAY['p', 'u', 'x', 'f', 'c'], k.contype::text), k.conname
"""
INDEXES = f"""
SELECT c.oid, ic.relname::text AS name, x.indisunique AS unique, am.amname::text AS using,
       ARRAY(SELECT {_ELEMENT} FROM {_ELEMENT_JOIN} WHERE k.place <= x.indnkeyatts ORDER BY k.place) AS texts,
       ARRAY(SELECT (SELECT a.attname::text FROM pg_catalog.pg_attribute a
                      WHERE a.attrelid = x.indrelid AND a.attnum = k.number AND k.number > 0)
               FROM {_ELEMENT_JOIN} WHERE k.place <= x.indnkeyatts ORDER BY k.place) AS plain,
       ARRAY(SELECT a.attname::text FROM pg_catalog.unnest(x.indkey) WITH ORDINALITY AS u(number, place)
               JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = u.number
              WHERE u.place > x.indnkeyatts ORDER BY u.place) AS include,
       coalesce(pg_catalog.pg_get_expr(x.indpred, x.indrelid), '') AS where,
       coalesce(ic.reloptions, '{{}}') AS options, coalesce(@nulls@, false) AS nulls_not_distinct
  FROM {_TABLE}
  JOIN pg_catalog.pg_index x ON x.indrelid = c.oid
  JOIN pg_catalog.pg_class ic ON ic.oid = x.indexrelid
  JOIN pg_catalog.pg_am am ON am.oid = ic.relam
 WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_constraint k
                    WHERE k.conindid = x.indexrelid AND k.contype IN ('p', 'u', 'x'))
 ORDER BY c.oid, ic.relname
"""
ENUMS = f"""
SELECT n.nspname::text AS schema, t.typname::text AS name,
       ARRAY(SELECT l.enumlabel::text FROM pg_catalog.pg_enum l WHERE l.enumtypid = t.oid ORDER BY l.enumsortorder)
         AS labels
  FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
 WHERE t.typtype = 'e' AND n.nspname = ANY (%(schemas)s::text[])
   AND {_NOT_OF_EXTENSION.format(oid="t.oid", catalog="pg_type")} ORDER BY 1, 2
"""
DOMAINS = f"""
SELECT n.nspname::text AS schema, y.typname::text AS name, {_TYPE.format(type="y.typbasetype", mod="y.typtypmod")},
       y.typnotnull AS not_null, y.typdefault AS default,
       CASE WHEN y.typcollation <> t.typcollation THEN y.typcollation::pg_catalog.regcollation::text END AS collation,
       ARRAY(SELECT ARRAY[k.conname::text, pg_catalog.pg_get_expr(k.conbin, 0)] FROM pg_catalog.pg_constraint k
              WHERE k.contypid = y.oid AND k.contype = 'c' ORDER BY k.conname) AS checks
  FROM pg_catalog.pg_type y JOIN pg_catalog.pg_namespace n ON n.oid = y.typnamespace
  {_TYPE_JOIN.format(type="y.typbasetype")}
 WHERE y.typtype = 'd' AND n.nspname = ANY (%(schemas)s::text[])
   AND {_NOT_OF_EXTENSION.format(oid="y.oid", catalog="pg_type")} ORDER BY 1, 2
"""
SEQUENCES = f"""
SELECT n.nspname::text AS schema, c.relname::text AS name, {_NUMBERS},
       (SELECT ARRAY[on_.nspname::text, oc.relname::text, a.attname::text] FROM pg_catalog.pg_depend w
          JOIN pg_catalog.pg_class oc ON oc.oid = w.refobjid
          JOIN pg_catalog.pg_namespace on_ ON on_.oid = oc.relnamespace
          JOIN pg_catalog.pg_attribute a ON a.attrelid = oc.oid AND a.attnum = w.refobjsubid
         WHERE w.objid = c.oid AND w.deptype = 'a' AND w.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
           AND w.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass LIMIT 1) AS owner
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_sequence s ON s.seqrelid = c.oid
 WHERE n.nspname = ANY (%(schemas)s::text[]) AND {_NOT_OF_EXTENSION.format(oid="c.oid", catalog="pg_class")}
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend w WHERE w.objid = c.oid AND w.deptype = 'i'
                      AND w.classid = 'pg_catalog.pg_class'::pg_catalog.regclass)
 ORDER BY 1, 2
"""
