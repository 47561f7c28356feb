select
    iso_code, country, cast(year as int) as year, cast(co2 as double) as co2, cast(coal_co2 as double) as coal_co2,
    cast(co2_per_capita as double) as co2_per_capita, cast(population as double) as population, cast(gdp as double) as gdp
from delivery
