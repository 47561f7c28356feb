MODEL (
  name bench.orders,
  kind SEED (path '../seeds/orders.csv'),
  columns (id BIGINT, customer TEXT, ordered DATE, amount DOUBLE, status TEXT)
);
