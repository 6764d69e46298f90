"""The bank behind simulated card terminals: one ledger, whatever interface stands before it. No bytes, no files.

    state = new_state(random)                       # a part of the terminal's own state; ``GROWING`` for its Store
    bank = Bank(state, clock.now, random)           # steer=False: kopecks decide nothing
    bank.twist(12_305)                              # Twist.LOST: approve, and lose the answer
    paid = bank.pay(12_300, reference="7")          # Entry: rrn, auth_code, number, at, card
    bank.void(paid)                                 # Entry of the void; Declined(why) when it cannot be
    bank.standing(paid)                             # Standing.VOIDED
    bank.find(rrn=paid.rrn); bank.last()            # what the terminal can tell
    bank.settle().matched                           # closes the terminal's day
    slips.operation(paid, bank.card(paid), state.merchant_id)  # merchant's copy, customer's copy
    dump(bank)["charges"]                           # as ``simulate --dump`` prints it
    bank.secrets                                    # what must never be seen behind a driver

Save the state after each call that changes it. ``steering`` says which kopecks make what happen.
"""

from drivers.simulators.bank.cards import Card
from drivers.simulators.bank.dump import dump
from drivers.simulators.bank.ledger import Bank, Declined, Settlement, Standing, Totals, Why, totals
from drivers.simulators.bank.state import APPROVED, GROWING, BankState, Entry, Kind, Means, Origin, new_state
from drivers.simulators.bank.steering import CARD_WAIT, MORE, SLOWLY, Twist

__all__ = [
    "APPROVED",
    "CARD_WAIT",
    "GROWING",
    "MORE",
    "SLOWLY",
    "Bank",
    "BankState",
    "Card",
    "Declined",
    "Entry",
    "Kind",
    "Means",
    "Origin",
    "Settlement",
    "Standing",
    "Totals",
    "Twist",
    "Why",
    "dump",
    "new_state",
    "totals",
]
