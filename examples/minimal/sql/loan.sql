-- One row per loan. A loan without a day of return is still running.
select
    book,
    member,
    lent,
    returned,
    returned is null as running
from desk
