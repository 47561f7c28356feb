select * from {{ ref('ranking') }} where not (revenue >= 0)
