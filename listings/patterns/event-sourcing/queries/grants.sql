-- The statements that give the table $1 in the schema $2 the privileges of the one in use.
SELECT format(
    'GRANT %s ON %s.%s TO %s%s', privilege_type, $2::text, $1::text,
    CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::regrole::text END,
    CASE WHEN is_grantable THEN ' WITH GRANT OPTION' END
) AS "grant!"
FROM pg_class, aclexplode(relacl)
WHERE oid = ('public.' || $1)::regclass
