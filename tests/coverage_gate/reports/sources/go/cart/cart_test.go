package cart

import "testing"

func TestTotal(t *testing.T) {
	if sum, _ := Total([]int{1, 2}, 0); sum != 3 {
		t.Fatal(sum)
	}
}
