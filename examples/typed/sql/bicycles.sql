-- The counters also see pedestrians and scooters. Two reports of the same hour are two lanes of one counter.
select
    counter,
    day,
    hour,
    cast(sum(passages) as int) as passages
from passages
where vehicle = 'bicycle'
group by counter, day, hour
