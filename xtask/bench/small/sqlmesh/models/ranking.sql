MODEL (
  name bench.ranking,
  kind FULL,
  audits (
    not_null(columns := (customer, orders, revenue, place)),
    unique_values(columns := (customer)),
    forall(criteria := (revenue >= 0))
  )
);
select customer, orders, revenue, row_number() over (order by revenue desc, customer) as place from bench.revenue
