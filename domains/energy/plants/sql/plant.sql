-- Reports of the same country and the same name, but for case and punctuation, are one plant. The row of the most
-- trusted source stands; among equals the larger capacity, then the smaller id. Reports without capacity are no plants,
-- and coordinates off the globe (the project register swaps some) are no place.
with named as (
    select
        *,
        abs(latitude) <= 90 and abs(longitude) <= 180 as on_globe,
        btrim(regexp_replace(lower(name), '[^\p{L}\p{N}]+', ' ', 'g')) as name_key
    from reported
    where capacity_mw > 0
),
ranked as (
    select
        *,
        row_number() over (
            partition by country, name_key
            order by priority, capacity_mw desc, plant_id
        ) as place,
        count(*) over (partition by country, name_key) as reports
    from named
)
select
    plant_id,
    country,
    name,
    name_key,
    fuel,
    capacity_mw,
    case when on_globe then latitude end as latitude,
    case when on_globe then longitude end as longitude,
    reported_by,
    reports
from ranked
where place = 1
