MODEL (name bench.revenue, kind VIEW);
select customer, count(*) as orders, sum(amount) as revenue from bench.cleaned group by customer
