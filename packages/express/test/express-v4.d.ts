// The tests run on both majors; what they use of Express has the same types in both.
declare module 'express-v4' {
  export { default } from 'express'
}
