"""What a plan costs (`make plan`): the work of each job (work, operations), its rate (rates), and the table (command).

May import `operate`, `plan`, `config`, `models` and the modules in the root of the package. No job imports anything
from here.
"""
