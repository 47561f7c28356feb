{{ config(materialized="table") }}
select customer, orders, revenue, row_number() over (order by revenue desc, customer) as place from {{ ref('revenue') }}
