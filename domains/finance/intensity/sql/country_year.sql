-- Emissions come in million tonnes, output in dollars: a million tonnes are 1e9 kilograms.
with economy as (
    select
        "Code" as iso_code,
        "Year" as year,
        "Total real GDP" as gdp
    from gdp
    where "Total real GDP" > 0
)
select
    emissions.country,
    emissions.iso_code,
    emissions.year,
    emissions.co2,
    economy.gdp,
    round(emissions.co2 * 1e9 / economy.gdp, 4) as intensity
from emissions
join economy on economy.iso_code = emissions.iso_code and economy.year = emissions.year
where emissions.co2 is not null
