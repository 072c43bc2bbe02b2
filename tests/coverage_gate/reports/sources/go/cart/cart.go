package cart

import "errors"

// Total sums prices.
func Total(prices []int, discount int) (int, error) {
	sum := 0
	for _, price := range prices {
		if price < 0 {
			return 0, errors.New("negative")
		}
		sum += price
	}
	if discount > 0 { sum -= discount }
	return sum, nil
}

func Empty(prices []int) bool {
	return len(prices) == 0
}
