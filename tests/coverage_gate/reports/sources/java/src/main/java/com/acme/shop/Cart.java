package com.acme.shop;

public class Cart {
    static int total(int[] prices, int discount) {
        int sum = 0;
        for (int price : prices) {
            if (price < 0) {
                throw new IllegalArgumentException("negative");
            }
            sum += price;
        }
        return discount > 0 ? sum - discount : sum;
    }

    static boolean empty(int[] prices) {
        return prices.length == 0;
    }

    public static void main(String[] args) {
        System.out.println(total(new int[] {1, 2}, 0));
    }
}
