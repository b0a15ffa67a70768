import { autorun, computed, makeAutoObservable, observable, reaction, runInAction } from 'mobx';

class Cart {
  items = [];

  constructor() {
    makeAutoObservable(this);
  }

  get total() {
    return this.items.reduce((sum, { price }) => sum + price, 0);
  }

  add(price) {
    this.items.push({ price });
  }
}

export const use = () => {
  const seen = [];
  const cart = new Cart();
  const stop = autorun(() => seen.push(cart.total));
  cart.add(2);
  cart.add(3);
  stop();
  cart.add(4);
  const map = observable.map({ a: 1 });
  const twice = computed(() => map.get('a') * 2);
  reaction(
    () => twice.get(),
    value => seen.push(`twice ${value}`),
  );
  runInAction(() => map.set('a', 5));
  return [seen, cart.total, [...map]];
};
