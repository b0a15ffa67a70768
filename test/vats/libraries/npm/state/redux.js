import { applyMiddleware, bindActionCreators, combineReducers, createStore } from 'redux';

// At the top of the module: it asks for chance, to see what a reducer makes of an unknown action.
const reducer = combineReducers({
  n: (state = 0, action) => (action.type === 'add' ? state + action.by : state),
  last: (state = null, action) => action.by ?? state,
});

export const use = () => {
  const seen = [];
  const note = store => next => action => {
    seen.push([action.type, store.getState().n]);
    return next(action);
  };
  const store = createStore(reducer, applyMiddleware(note));
  const { add } = bindActionCreators({ add: by => ({ type: 'add', by }) }, store.dispatch);
  const stop = store.subscribe(() => seen.push('told'));
  add(2);
  stop();
  add(3);
  return [store.getState(), seen];
};
