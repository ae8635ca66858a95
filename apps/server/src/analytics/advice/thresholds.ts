/** So many of something are a habit, fewer may be chance. */
export const SOME = 3;
export const MANY = 5;
