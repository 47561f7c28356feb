select
    country, name, gppd_idnr, cast(capacity_mw as double) as capacity_mw, cast(latitude as double) as latitude,
    cast(longitude as double) as longitude, primary_fuel, cast(commissioning_year as double) as commissioning_year,
    owner, url, cast(year_of_capacity_data as bigint) as year_of_capacity_data
from delivery
