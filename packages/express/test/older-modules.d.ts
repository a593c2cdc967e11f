declare module 'compression-v1-7' {
  export { default } from 'compression'
}
