'use strict';

function total(prices, discount) {
  let sum = 0;
  for (const price of prices) {
    if (price < 0) {
      throw new Error('negative');
    }
    sum += price;
  }
  return discount ? sum - discount : sum;
}

function empty(prices) { return prices.length === 0; }

module.exports = { total, empty };
