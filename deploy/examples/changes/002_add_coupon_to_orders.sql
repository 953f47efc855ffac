ALTER TABLE orders ADD COLUMN coupon TEXT;
CREATE INDEX orders_by_coupon ON orders (coupon);
