-- One row per scan, with what is known of the depot; a depot that nobody has listed does not lose the scan.
select
    scans.parcel,
    scans.scanned_at,
    scans.depot,
    depots.city,
    depots.gates,
    scans.weight_kg
from scans
left join depots on depots.code = scans.depot
