-- The three headers become one. `priority` says whom we believe: the national operator before the worldwide
-- observatory before the project register.
select 1 as priority, gppd_idnr as plant_id, country, name, capacity_mw, latitude, longitude,
    primary_fuel as fuel, source as reported_by
from cenace
union all
select 2 as priority, gppd_idnr as plant_id, country, name, capacity_mw, latitude, longitude,
    primary_fuel as fuel, source as reported_by
from geodb
union all
select 3 as priority, gppd_idnr as plant_id, country, name, capacity_mw, latitude, longitude,
    fuel1 as fuel, source as reported_by
from cdmdb
