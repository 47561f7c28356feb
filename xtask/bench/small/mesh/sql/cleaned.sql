select id, customer, ordered, amount from orders where status <> 'cancelled' and amount > 0
