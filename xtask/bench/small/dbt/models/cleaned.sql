select id, customer, ordered, amount from {{ ref('orders') }} where status <> 'cancelled' and amount > 0
