"""A fleet of vans: queries in queries. Conditions that reach into groups, windows, unions and common table expressions, or that must not; outer joins that
are none; values that come with the statement; operators of networks, points and trees."""

from __future__ import annotations

from planner.domains import Domain

FLEET = Domain(
    tables={
        "depot": "CREATE TABLE depot (id bigint PRIMARY KEY, code varchar(20) NOT NULL, town text NOT NULL, net inet NOT NULL, pos point NOT NULL, "
        "parent_id bigint, opened date NOT NULL)",
        "van": "CREATE TABLE van (id bigint PRIMARY KEY, depot_id bigint NOT NULL REFERENCES depot (id), plate text NOT NULL, vin text NOT NULL, "
        "owner text NOT NULL, parts text[] NOT NULL, built date NOT NULL)",
        "trip": "CREATE TABLE trip (id bigint PRIMARY KEY, van_id bigint NOT NULL REFERENCES van (id), driver text NOT NULL, began timestamp NOT NULL, "
        "metres integer NOT NULL, note text NOT NULL, seal text NOT NULL)",
    },
    fill={
        "depot": "i, 'D' || i, 'town ' || md5((i % 20000)::text), ('10.' || i % 240 || '.' || (i / 240) % 250 || '.9')::inet, "
        "point(random() * 1000, random() * 1000), CASE WHEN i > 50 THEN 1 + (random() * (i - 2))::int END, date '2010-01-01' + (random() * 4000)::int",
        "van": "i, 1 + (random() * 49998)::int, 'P' || md5(i::text), 'V' || md5((i + 7)::text), 'o' || md5((i % 15000)::text), "
        "ARRAY['p' || (random() * 3000)::int, 'q' || i % 900], date '2015-01-01' + (random() * 3000)::int",
        "trip": "i, 1 + (random() * 49998)::int, 'd' || md5((i % 12000)::text), timestamp '2023-01-01' + i * interval '7 minutes', (random() * 400000)::int, "
        "md5(i::text) || ' ' || md5((i * 5)::text), md5(i::text)",
    },
    always=("CREATE INDEX van_depot ON van (depot_id)", "CREATE INDEX depot_parent ON depot (parent_id)", "CREATE INDEX depot_pos ON depot USING gist (pos)"),
    sometimes=(
        "CREATE UNIQUE INDEX depot_code ON depot (code)",
        "CREATE INDEX depot_net ON depot (net)",
        "CREATE INDEX depot_town ON depot (town text_pattern_ops)",
        "CREATE UNIQUE INDEX van_plate ON van (plate)",
        "CREATE INDEX van_owner ON van (owner)",
        "CREATE INDEX van_parts ON van USING gin (parts)",
        "CREATE INDEX trip_van ON trip (van_id, began DESC)",
        "CREATE INDEX trip_driver ON trip (driver)",
        "CREATE INDEX trip_seal ON trip (seal)",
    ),
    queries=(
        "WITH gone AS (DELETE FROM trip WHERE driver = {trip.driver} RETURNING *) SELECT count(*) FROM gone",
        "WITH moved AS (UPDATE van SET depot_id = depot_id WHERE owner = {van.owner} RETURNING id) SELECT count(*) FROM moved",
        "WITH old AS MATERIALIZED (SELECT * FROM depot WHERE town = {depot.town}) SELECT v.* FROM van AS v JOIN old ON old.id = v.depot_id",
        "WITH RECURSIVE tree AS (SELECT * FROM depot WHERE code = {depot.code} UNION ALL SELECT d.* FROM depot AS d JOIN tree ON d.parent_id = tree.id) "
        "SELECT * FROM tree",
        "SELECT * FROM (SELECT plate FROM van UNION ALL SELECT note FROM trip) AS u WHERE u.plate = {van.plate}",
        "SELECT * FROM (SELECT owner, count(*) AS n FROM van GROUP BY owner) AS g WHERE g.owner = {van.owner}",
        "SELECT * FROM (SELECT van.*, row_number() OVER (PARTITION BY owner ORDER BY built DESC) AS n FROM van) AS w WHERE w.owner = {van.owner} AND w.n = 1",
        "SELECT * FROM (SELECT trip.*, lag(metres) OVER (PARTITION BY driver ORDER BY began) FROM trip) AS w WHERE w.driver = {trip.driver}",
        "SELECT * FROM (SELECT DISTINCT ON (owner) van.* FROM van ORDER BY owner, built DESC) AS o WHERE o.owner = {van.owner}",
        "SELECT t.driver, count(*) FROM trip AS t GROUP BY t.driver HAVING t.driver = {trip.driver}",
        "SELECT t.seal, sum(t.metres) FROM trip AS t GROUP BY t.seal HAVING t.seal = {trip.seal} AND count(*) > 1",
        "SELECT v.*, g.n FROM van AS v JOIN (SELECT van_id, count(*) AS n FROM trip GROUP BY van_id) AS g ON g.van_id = v.id WHERE v.owner = {van.owner}",
        "SELECT * FROM van AS v FULL JOIN depot AS d ON d.id = v.depot_id WHERE v.owner = {van.owner}",
        "SELECT * FROM van AS v FULL JOIN depot AS d ON d.id = v.depot_id WHERE d.town = {depot.town}",
        "SELECT v.* FROM van AS v JOIN (VALUES (17::bigint), (4711), (49000)) AS x (id) ON x.id = v.depot_id",
        "SELECT v.* FROM unnest(ARRAY[{van.vin}, {van.vin}]) AS x (vin) JOIN van AS v ON v.vin = x.vin",
        "SELECT * FROM van AS v WHERE v.depot_id IN (SELECT unnest(ARRAY[17, 4711]::bigint[]))",
        "SELECT * FROM depot AS d WHERE d.id = ANY(ARRAY(SELECT v.depot_id FROM van AS v WHERE v.owner = {van.owner}))",
        "SELECT * FROM depot AS d WHERE d.town LIKE '%%zz%%' OR EXISTS (SELECT 1 FROM van AS v WHERE v.depot_id = d.id AND v.owner = {van.owner})",
        "SELECT * FROM van AS v WHERE v.depot_id BETWEEN SYMMETRIC 4715 AND 4711",
        "SELECT * FROM trip AS t WHERE t.van_id BETWEEN SYMMETRIC 4715 AND 4711",
        "SELECT * FROM van AS v WHERE ({van.owner} IS NULL OR v.owner = {van.owner})",
        "SELECT * FROM trip AS t WHERE ({trip.driver} IS NULL OR t.driver = {trip.driver}) AND t.metres > 0",
        "SELECT * FROM depot AS d WHERE d.net << '10.17.3.0/24'",
        "SELECT * FROM depot AS d WHERE d.net <<= inet '10.17.4.0/24'",
        "SELECT * FROM depot AS d WHERE d.pos <@ box '((10,10),(14,14))'",
        "SELECT * FROM depot AS d WHERE d.pos ~= {depot.pos}",
        "SELECT * FROM depot AS d ORDER BY d.pos <-> point '(500,500)' LIMIT 5",
        "SELECT * FROM depot AS d WHERE starts_with(d.town, {depot.town})",
        "SELECT * FROM depot AS d WHERE d.code = {depot.code} COLLATE \"C\"",
        "SELECT * FROM van AS v WHERE position({van.vin} IN v.vin) > 0",
        "SELECT * FROM van AS v WHERE v.vin = {van.vin} OR v.plate = {van.plate}",
        "SELECT * FROM trip AS t WHERE t.seal = {trip.seal}",
        "SELECT v.*, l.began FROM van AS v CROSS JOIN LATERAL (SELECT t.* FROM trip AS t WHERE t.van_id = v.id ORDER BY t.began DESC LIMIT 1) AS l "
        "WHERE v.owner = {van.owner}",
    ),
)
