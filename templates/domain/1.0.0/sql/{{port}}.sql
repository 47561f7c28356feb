-- One row per station and day: several readings of a day become their mean, days without any are left out.
select
    station,
    day,
    count(reading) as readings,
    round(avg(reading), 2) as mean
from {% if flavor == "rust" %}readings{% else %}sample{% endif %}
where reading is not null
group by station, day
