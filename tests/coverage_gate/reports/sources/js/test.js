const { total } = require('./lib/cart');
if (total([1, 2]) !== 3) process.exit(1);
