MODEL (name bench.cleaned, kind VIEW);
select id, customer, ordered, amount from bench.orders where status <> 'cancelled' and amount > 0
