select customer, count(*) as orders, sum(amount) as revenue from cleaned group by customer
