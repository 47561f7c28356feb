-- One row per country and year. The source also has continents and income groups; they carry no code of three letters.
select
    country,
    iso_code,
    year,
    co2,
    co2_per_capita,
    coal_co2,
    gas_co2,
    oil_co2,
    cast(population as bigint) as population,
    gdp
from owid
where length(iso_code) = 3
