/** The version of this product: that of its package. */
export const version = '0.1.0';
