select customer, count(*) as orders, sum(amount) as revenue from {{ ref('cleaned') }} group by customer
