select delivery, row from raw
